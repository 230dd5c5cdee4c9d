// Asks @sigstore/verify about proofs. In: {"proofs": [...]} on stdin; the folder of node_modules is the argument.
// Out: {"proofs": [why it was refused, or "" if it was accepted]}.
"use strict";
const { createPublicKey } = require("node:crypto");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const folder = join(process.argv[2], "@sigstore", "verify", "dist", "tlog");
const { verifyMerkleInclusion } = require(join(folder, "merkle.js"));
const { verifyCheckpoint } = require(join(folder, "checkpoint.js"));
const ED25519 = Buffer.from("302a300506032b6570032100", "hex"); // what stands before the key in DER

function refusal(proof) {
  try {
    const [, name, id, key] = /^([^+]+)\+([^+]+)\+(.+)$/.exec(proof.vkey); // base64 may have a plus itself
    const der = Buffer.concat([ED25519, Buffer.from(key, "base64").subarray(1)]);
    const log = {
      baseURL: `https://${name}/`,
      logID: Buffer.from(id, "hex"),
      publicKey: createPublicKey({ key: der, format: "der", type: "spki" }),
    };
    const entry = {
      canonicalizedBody: Buffer.from(proof.entry, "base64"),
      inclusionProof: {
        logIndex: String(proof.position),
        hashes: proof.hashes.map((hash) => Buffer.from(hash, "base64")),
        checkpoint: { envelope: proof.note },
      },
    };
    verifyMerkleInclusion(entry, verifyCheckpoint(entry, [log]));
    return "";
  } catch (error) {
    return String(error.message || error);
  }
}

const asked = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify({ proofs: asked.proofs.map(refusal) }));
