#!/usr/bin/env bash
# Writes the report and the saved plan, and says in the step's outputs whether something is pending.
# pgmg exits with 0 (nothing to do), 3 (something is pending) or 1 (no plan): then the report holds the error.
set -uo pipefail
folder="${RUNNER_TEMP:-/tmp}/pgmg-plan-$$"
mkdir -p "$folder"
report="$folder/report.md" plan="$folder/plan.json" errors="$folder/errors.txt"

pgmg plan --format markdown --exit-code --out "$plan" >"$report" 2> >(tee "$errors" >&2)
code=$?
wait
if [ "$code" -ne 0 ] && [ "$code" -ne 3 ]; then
  { echo "### pgmg plan: there is no plan"; echo; sed 's/^/    /' "$errors"; } >"$report"
fi
{
  echo "pending=$([ "$code" -eq 3 ] && echo true || echo false)"
  echo "report=$report"
  [ -f "$plan" ] && echo "plan=$plan"
} >>"$GITHUB_OUTPUT"
cat "$report" >>"$GITHUB_STEP_SUMMARY"
[ "$code" -eq 0 ] || [ "$code" -eq 3 ]
