import { mergedFlood } from './flood.mjs';

export default mergedFlood(100);
