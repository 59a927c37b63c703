/**
 * URL of a worker's entry file beside `moduleUrl`. Node 20 cannot load TypeScript in a worker, so code that runs from
 * src/ (the tests) starts the compiled twin in dist/, which `npm test` builds first.
 */
export function workerUrl(moduleUrl: string, file: string): URL {
  const url = new URL(file, moduleUrl);
  if (moduleUrl.endsWith('.ts')) url.pathname = url.pathname.replace(/\/src\/(?!.*\/src\/)/, '/dist/');
  return url;
}
