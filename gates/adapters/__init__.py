"""The only doors out of the program: processes, files, git, the browser, the clock."""
