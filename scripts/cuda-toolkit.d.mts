export function findNvcc(): string | null;
export function fetchNvcc(): string;
