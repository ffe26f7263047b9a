#!/bin/sh
# Give one service a role and a database of its own, with the password it was told. Safe to run at every start: a service
# that joins a project later gets its database without touching the data of the others.
set -eu

psql --quiet --set=ON_ERROR_STOP=1 --host=postgres --username=postgres --dbname=postgres \
  --set=name="$NAME" --set=password="$PASSWORD" <<'SQL'
SELECT format('CREATE ROLE %I LOGIN', :'name')
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'name') \gexec
ALTER ROLE :"name" PASSWORD :'password';
SELECT format('CREATE DATABASE %I OWNER %I', :'name', :'name')
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \gexec
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
