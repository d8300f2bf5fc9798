"""Keys, secrets and signatures: what has to stay true when somebody else can read or write the database."""
