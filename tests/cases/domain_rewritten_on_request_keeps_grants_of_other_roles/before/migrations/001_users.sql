CREATE TABLE users (address email);
