/**
 * What the script for bash takes from the package bash-completion, for computers without it: the words of the line so far.
 * Colons and "=" split words here, which only the package can undo.
 */
export const bashWords = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
  _get_comp_words_by_ref() {
    words=("\${COMP_WORDS[@]}")
    cword=$COMP_CWORD
    cur=\${COMP_WORDS[COMP_CWORD]}
    prev=\${COMP_WORDS[COMP_CWORD - 1]}
  }
fi
`
