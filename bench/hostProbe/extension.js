// Runs in the extension host beside the extension that is measured: its command writes a CPU profile of the host into
// HOST_PROFILES, with `startedMs`, when it began, and `delays`, when the event loop has not turned: pairs of start and end.
// All in milliseconds since 1970.
const { writeFileSync } = require('node:fs');
const { Session } = require('node:inspector');
const { join } = require('node:path');
const vscode = require('vscode');

const EVERY_MS = 5;
const LEAST_MS = 20;
const SAMPLE_US = 1000;

exports.activate = ({ subscriptions }) => {
  const now = () => performance.timeOrigin + performance.now();
  const delays = [];
  let last = now();
  const timer = setInterval(() => {
    const end = now();
    if (end - last - EVERY_MS > LEAST_MS) delays.push([last + EVERY_MS, end]);
    last = end;
  }, EVERY_MS);
  const session = new Session();
  session.connect();
  session.post('Profiler.enable');
  session.post('Profiler.setSamplingInterval', { interval: SAMPLE_US });
  const startedMs = now();
  session.post('Profiler.start');
  const save = vscode.commands.registerCommand('hostProbe.save', () => {
    clearInterval(timer);
    session.post('Profiler.stop', (_error, { profile }) => {
      const file = join(process.env.HOST_PROFILES, `${process.pid}.json`);
      writeFileSync(file, JSON.stringify({ startedMs, delays, profile }));
      void vscode.window.showInformationMessage('Profile saved');
    });
  });
  subscriptions.push(save, { dispose: () => clearInterval(timer) });
};
