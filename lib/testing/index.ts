export type { Impairments } from './impairments';
export type { Lane } from './lane';
export { Network, type NetworkOptions } from './network';
export type { NetworkClient } from './network-client';
export {
  corrupt,
  delay,
  deliverAll,
  drop,
  dropRecord,
  duplicate,
  inTurn,
  type Late,
  late,
  type RecordName,
  type Rule,
  truncate,
} from './rules';
