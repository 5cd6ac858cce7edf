-- all of them
create view v as
  select id
  from users;
