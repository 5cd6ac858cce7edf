#!/usr/bin/env bash
# Keeps one comment on the pull request: the one whose first line is the mark of this project and environment.
set -euo pipefail
key=$(printf '%s' "$KEY" | tr -cd 'A-Za-z0-9._/ -' | sed 's/--*/-/g')
mark="<!-- pgmg plan: $key -->"
body=$(mktemp)
{ echo "$mark"; cat "$REPORT"; } >"$body"

comments="repos/$GITHUB_REPOSITORY/issues"
known=$(MARK="$mark" gh api "$comments/$NUMBER/comments" --paginate \
  --jq '.[] | select(.body | startswith(env.MARK)) | .id' | head -n 1)
if [ -n "$known" ]; then
  gh api --silent --method PATCH "$comments/comments/$known" --field "body=@$body"
else
  gh api --silent --method POST "$comments/$NUMBER/comments" --field "body=@$body"
fi
