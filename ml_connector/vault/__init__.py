"""Keys, secrets and signatures: protection against readers and writers of the database."""
