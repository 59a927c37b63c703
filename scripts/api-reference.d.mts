export declare const referenceHeading: string;
export declare function apiReference(document: Record<string, unknown>): string;
