"""People, and municipalities' client relationships with them."""
