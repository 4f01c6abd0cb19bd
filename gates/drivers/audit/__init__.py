"""What `audit_driver.py` is made of: reading what is declared, opening advisories, auditing with pip-audit."""
