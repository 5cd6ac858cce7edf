ALTER TYPE status ADD VALUE 'odd';
