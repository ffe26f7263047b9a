#!/bin/sh
# Say in one sentence what is missing for Docker Compose, and what works without it.
instead='Without Docker, `make dev` runs the same platform on this machine.'
if ! command -v docker >/dev/null 2>&1; then
  echo "Docker is not installed. $instead" >&2
elif ! docker info >/dev/null 2>&1; then
  echo "The Docker engine does not answer: start it, or join the group docker. $instead" >&2
elif ! docker compose version >/dev/null 2>&1; then
  echo "Docker has no Compose v2: install the package docker-compose-plugin. $instead" >&2
else
  exit 0
fi
exit 1
