"""What is found out about risks of rows whose outcome is known: one idea a file."""
