CREATE INDEX pages_slug ON pages (web.slug(title));
CREATE INDEX pages_cast ON pages ((title  ||  '1'::text));
