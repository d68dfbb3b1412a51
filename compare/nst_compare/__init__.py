"""`nst compare`: runs every backend on the same pictures and compares it with the reference."""
