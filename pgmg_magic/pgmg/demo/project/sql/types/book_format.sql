CREATE TYPE book_format AS ENUM ('paper', 'audio', 'ebook');
