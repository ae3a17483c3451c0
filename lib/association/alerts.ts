import type { DriverSetup } from './driver-setup';

/** Counts and tells the alerts that ended an association, at most one each way: `level << 8 | description`, -1: none. */
export function tellAlerts({ stats, events }: DriverSetup, received: number, sent: number): void {
  if (received >= 0) stats.alertsReceived++;
  if (sent >= 0) stats.alertsSent++;
  if (received >= 0) events.alert('received', received);
  if (sent >= 0) events.alert('sent', sent);
}
