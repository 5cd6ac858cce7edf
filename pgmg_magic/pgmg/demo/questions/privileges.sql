SELECT table_name AS view, grantee, privilege_type AS may
FROM information_schema.role_table_grants
WHERE grantee = 'front_desk'
ORDER BY table_name;
