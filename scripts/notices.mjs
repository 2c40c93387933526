import { writeNotices } from './lib/notices.mjs';
import { ensureDependencies } from './lib/setup.mjs';

await ensureDependencies();
await writeNotices();
