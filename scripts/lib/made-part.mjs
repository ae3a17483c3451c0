/** The text with its part that a command makes replaced; the part stands between two comments that name the command. */
export function withMadePart(text, command, part) {
  const begin = `<!-- Made by ${command}. -->\n`;
  const from = text.indexOf(begin);
  const to = text.indexOf(`<!-- The end of what ${command} made. -->\n`);
  if (from === -1 || to < from) throw new Error(`There is no place for what ${command} makes.`);
  return `${text.slice(0, from)}${begin}\n${part}\n${text.slice(to)}`;
}
