"""Arguments, wiring, printing and exit codes. Nothing else of the package prints or exits."""
