CREATE DOMAIN kind AS text;
