# Read by bash before a script that is looked at: no program can be started, so each that the script
# asks for comes here. What it is asked to do is told on descriptor 9; programs that print give a word
# that no shell knows, and a shell that is handed this word runs what was computed or fetched.
command_not_found_handle() {
  local name=$1 given one
  shift
  for one in $(compgen -e); do
    case $one in
      PATH | HOME | BASH_ENV | OLDPWD | PWD | SHLVL | _) ;;
      *) printf 'set %s=%q\n' "$one" "${!one}" >&9 ;;
    esac
  done
  case $name in
    fetched-mark) printf 'ran\n' >&9; return 0 ;;
    sudo | env | nohup | time | command | busybox | exec | setsid | stdbuf | eatmydata)
      while [[ $1 == -* || $1 == *=* ]]; do shift; done
      if (($#)); then "$@"; fi
      return ;;
    xargs)
      while [[ $1 == -* ]]; do shift; done
      IFS= read -r -t 1 given
      if (($#)); then "$@" "$given"; fi
      return ;;
    sh | bash | dash | zsh | ksh | ash | fish | python | python3 | perl | ruby | node | php | pwsh)
      given=
      if [[ $1 == -c || $1 == -e ]]; then
        given=$2
        printf '%s -c\n' "$name" >&9
        if [[ $name == *sh ]]; then eval "$given"; return; fi
      elif [[ ! -t 0 ]]; then
        IFS= read -r -d '' -t 1 -n 4096 given
      fi
      if [[ $given == *fetched-mark* ]]; then printf 'ran\n' >&9; fi ;;
  esac
  printf '%s' "$name" >&9
  printf ' %q' "$@" >&9
  printf '\n' >&9
  [[ $name == chmod || $name == echo ]] || printf 'fetched-mark\n'
}
