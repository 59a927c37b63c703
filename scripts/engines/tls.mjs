// A private certificate authority of a set, and the certificate that all of its servers show.
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { needPackage, onPath, tool } from './install.mjs';

/**
 * @typedef {object} TlsFiles
 * @property {string} folder
 * @property {string} ca what a client trusts
 * @property {string} otherCa an authority that signed nothing
 * @property {string} certificate for the name `localhost`, not for 127.0.0.1: so a wrong name can be tried
 * @property {string} key
 */

/**
 * @param {import('./set.mjs').EngineSet} set
 * @returns {TlsFiles}
 */
export function tlsFiles(set) {
  const folder = join(set.folder, 'tls');
  const file = (name) => join(folder, name);
  return {
    folder,
    ca: file('ca.pem'),
    otherCa: file('other-ca.pem'),
    certificate: file('server.pem'),
    key: file('server.key'),
  };
}

/** Servers that start together share what is made. */
const making = new Map();

/**
 * Makes the files unless they are there.
 * @param {import('./set.mjs').EngineSet} set
 * @returns {Promise<TlsFiles>}
 */
export async function needTls(set) {
  const files = tlsFiles(set);
  if (existsSync(files.certificate)) return files;
  const made = making.get(files.folder) ?? make(set, files.folder);
  making.set(files.folder, made);
  await made;
  return files;
}

async function make(set, folder) {
  await needPackage(set, 'openssl', () => onPath('openssl'));
  const building = `${folder}.new`;
  rmSync(building, { recursive: true, force: true });
  mkdirSync(building, { recursive: true });
  const openssl = (...args) => tool(set, 'openssl', args, { cwd: building });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  for (const name of ['ca', 'other-ca']) {
    const subject = ['-subj', `/CN=Triptych engines ${name}`, '-days', '3650'];
    await openssl('req', '-x509', ...key, '-keyout', `${name}.key`, '-out', `${name}.pem`, ...subject);
  }
  writeFileSync(join(building, 'server.ext'), 'subjectAltName=DNS:localhost\nextendedKeyUsage=serverAuth\n');
  await openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  const signer = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '3650'];
  await openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    ...signer,
    '-extfile',
    'server.ext',
    '-out',
    'server.pem',
  );
  rmSync(folder, { recursive: true, force: true });
  renameSync(building, folder);
}
