/** What a command ends with; `triptych --help` lists them. */
export const exitCodes = {
  ok: 0,
  failure: 1,
  usage: 2,
  rejects: 3,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

export const exitCodeHelp = `
Exit codes:
  0    finished
  1    failed; standard error says why
  2    wrong usage or settings
  3    finished, but some rows were rejected, or answers were degraded
  130  interrupted (Ctrl-C); 143: terminated

Data goes to standard output, progress to standard error. NO_COLOR is respected.`;
