"""Services that vouch for signatures, made for a test and reached on this machine alone."""
