// How far the suite is: a live line on a terminal, otherwise a line for each case.
import { formatDuration } from '../report/format.mjs';

const ERASE_LINE = '\r\x1b[2K';

export function createProgress({ stream, total }) {
  const isLive = stream.isTTY === true;
  const began = performance.now();
  let done = 0;
  const passed = () => formatDuration((performance.now() - began) / 1000);

  return {
    /** What takes place before the runs. */
    step(text) {
      stream.write(isLive ? `${ERASE_LINE}${text}` : `${text}\n`);
    },
    beginCase({ name }, position) {
      if (!isLive) stream.write(`[${position}] ${name}, ${passed()} passed\n`);
    },
    beginRun({ name }, { title, point, index, total: runs }) {
      if (isLive) {
        const percent = String(Math.round((100 * done) / total())).padStart(3);
        const what = [title, point].filter(Boolean).join(', ');
        stream.write(`${ERASE_LINE}${percent} %  ${passed()}  ${name}: run ${index + 1} of ${runs}, ${what}`);
      }
      done++;
    },
    /** Before anything else is printed. */
    clear() {
      if (isLive) stream.write(ERASE_LINE);
    },
  };
}
