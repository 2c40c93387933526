export function ensureBuild(options?: { clean?: 'clean' }): Promise<void>;
