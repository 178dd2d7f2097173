import type { CompletionTable } from './completion-table.js';

export function renderBashCompletion({ commands, options }: CompletionTable): string {
  const known = commands.flatMap(({ path }) => (path === '' ? [] : [`"${path}"`]));
  const cases = commands.map(
    ({ path, words, names }) => `    "${path}") words="${words.join(' ')}"; names="${names ?? ''}" ;;`,
  );
  const values = options.map(({ flags, values: given }) => {
    const pattern = flags.join(' | ');
    if (given === 'folders') return `    ${pattern}) COMPREPLY=($(compgen -d -- "$current")); return ;;`;
    if (typeof given === 'string') return `    ${pattern}) words=""; names=${given} ;;`;
    return `    ${pattern}) words="${given.join(' ')}"; names="" ;;`;
  });
  return `# bash completion for bay: source <(bay completion bash)
_bay() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path="" words="" names="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path \${COMP_WORDS[i]}" in
      ${known.join(' | ')}) path="$path \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  case "$previous" in
${values.join('\n')}
  esac
  if [[ -n $names && $current != -* ]]; then
    words="$words $(bay completion-names "$names" 2>/dev/null)"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _bay bay
`;
}
