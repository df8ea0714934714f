# Bash completion for biascope: commands and flags as the program itself lists them, files for everything else.
_biascope() {
  local word=${COMP_WORDS[COMP_CWORD]} program=${COMP_WORDS[0]} words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="$("$program" --help 2>/dev/null | sed -n 's/^  \([a-z]\+\) .*/\1/p') --help --version"
  elif [[ $word == -* ]]; then
    words=$("$program" "${COMP_WORDS[1]}" --help 2>/dev/null | grep -oE '(^|[ ,])--[a-z0-9-]+' | tr -d ' ,')
  fi
  mapfile -t COMPREPLY < <(if [ -n "$words" ]; then compgen -W "$words" -- "$word"; else compgen -f -- "$word"; fi)
}
complete -o filenames -F _biascope biascope
