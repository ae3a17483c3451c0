// All cases, in the order in which they run and are shown.
import ceilings from './ceilings.mjs';
import crypto from './crypto.mjs';
import curveAssociations from './curve-associations.mjs';
import curveSize from './curve-size.mjs';
import echo64 from './echo-64.mjs';
import flood100 from './flood-100.mjs';
import flood100Single from './flood-100-single.mjs';
import flood1200 from './flood-1200.mjs';
import handshakes from './handshakes.mjs';
import hostile from './hostile.mjs';
import hostileKinds from './hostile-kinds.mjs';
import memory from './memory.mjs';
import pingPong from './ping-pong.mjs';
import serverEcho from './server-echo.mjs';
import serverHandshakes from './server-handshakes.mjs';
import workers from './workers.mjs';

export const cases = [
  flood100,
  flood1200,
  flood100Single,
  echo64,
  pingPong,
  handshakes,
  serverHandshakes,
  serverEcho,
  memory,
  workers,
  hostile,
  hostileKinds,
  ceilings,
  crypto,
  curveSize,
  curveAssociations,
];
