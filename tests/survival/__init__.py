"""What an object has besides its definition is there after it was recreated (rule 6), by the server's own catalogs."""
