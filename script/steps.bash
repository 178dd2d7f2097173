# shellcheck shell=bash
# Sourced by the scripts beside it: the project's folder, and steps with their times.

export root
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Milliseconds of a clock, from bash itself.
now() {
  local time=${EPOCHREALTIME/[^0-9]/}
  echo $((time / 1000))
}

# seconds_since START: "12.3 s"
seconds_since() {
  local milliseconds=$(($(now) - $1))
  printf '%d.%d s' $((milliseconds / 1000)) $((milliseconds % 1000 / 100))
}

say() {
  printf '%s\n' "$*"
}

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# step WHAT COMMAND...: runs it, says how long it took. Its output is shown only when it fails.
step() {
  local what=$1 start output
  shift
  start=$(now)
  printf '  %s … ' "$what"
  if output=$("$@" 2>&1); then
    printf 'done (%s)\n' "$(seconds_since "$start")"
  else
    printf 'failed (%s)\n%s\n' "$(seconds_since "$start")" "$output" >&2
    return 1
  fi
}
