CREATE INDEX pages_slug ON pages (app.slug(title));
CREATE INDEX pages_cast ON pages ((title || '1'));
