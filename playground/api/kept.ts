/** What the page remembers: the key for this tab alone, names of users on this machine. Storage may be refused. */
const keyItem = 'triptych.key';
const usersItem = 'triptych.users';
const usersMax = 8;

export function readKey(): string {
  return read(() => sessionStorage.getItem(keyItem)) ?? '';
}

export function writeKey(key: string): void {
  read(() => (key === '' ? sessionStorage.removeItem(keyItem) : sessionStorage.setItem(keyItem, key)));
}

/** Users that were asked as, the latest first. */
export function readUsers(): string[] {
  const text = read(() => localStorage.getItem(usersItem)) ?? '[]';
  const users: unknown = read(() => JSON.parse(text));
  return Array.isArray(users) ? users.filter((user) => typeof user === 'string').slice(0, usersMax) : [];
}

export function rememberUser(user: string): string[] {
  const users = [user, ...readUsers().filter((other) => other !== user)].slice(0, usersMax);
  read(() => localStorage.setItem(usersItem, JSON.stringify(users)));
  return users;
}

function read<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
