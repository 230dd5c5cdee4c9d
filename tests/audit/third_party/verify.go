// Asks golang.org/x/mod/sumdb/{note,tlog} about proofs, pairs of checkpoints and exported logs.
// In and out: JSON on stdin and stdout; a refusal says why, an acceptance is "".
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/ioutil"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proof struct {
	Vkey, Note, Entry string
	Position          int64
	Hashes            []string
}

type consistency struct {
	Old, Size int64
	OldRoot   string `json:"old_root"`
	Root      string
	Hashes    []string
}

type log struct{ Folder, Vkey string }

type asked struct {
	Proofs        []proof
	Consistencies []consistency
	Logs          []log
}

func hashOf(text string) (hash tlog.Hash, err error) {
	content, err := base64.StdEncoding.DecodeString(text)
	if err == nil && len(content) != tlog.HashSize {
		err = fmt.Errorf("a hash of %d bytes", len(content))
	}
	copy(hash[:], content)
	return hash, err
}

func hashesOf(texts []string) (hashes []tlog.Hash, err error) {
	for _, text := range texts {
		hash, err := hashOf(text)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// The tree of a checkpoint whose signature note.Open has checked.
func treeOf(vkey, text string) (tree tlog.Tree, err error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("no checkpoint of %s", verifier.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = hashOf(lines[2])
	return tree, err
}

func checkProof(one proof) error {
	tree, err := treeOf(one.Vkey, one.Note)
	if err != nil {
		return err
	}
	entry, err := base64.StdEncoding.DecodeString(one.Entry)
	if err != nil {
		return err
	}
	hashes, err := hashesOf(one.Hashes)
	if err != nil {
		return err
	}
	if one.Position < 0 || one.Position >= tree.N {
		return fmt.Errorf("index %d of %d", one.Position, tree.N)
	}
	return tlog.CheckRecord(hashes, tree.N, tree.Hash, one.Position, tlog.RecordHash(entry))
}

func checkConsistency(one consistency) error {
	hashes, err := hashesOf(one.Hashes)
	if err != nil {
		return err
	}
	old, err := hashOf(one.OldRoot)
	if err != nil {
		return err
	}
	root, err := hashOf(one.Root)
	if err != nil {
		return err
	}
	if one.Old < 1 || one.Old > one.Size {
		return fmt.Errorf("sizes %d and %d", one.Old, one.Size)
	}
	return tlog.CheckTree(hashes, one.Size, root, one.Old, old)
}

// Files of an exported log; tlog's paths name the height of tiles, which is always 8 here.
type files string

func (folder files) Height() int { return 8 }

func (folder files) ReadTiles(tiles []tlog.Tile) (contents [][]byte, err error) {
	for _, tile := range tiles {
		name := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		content, err := ioutil.ReadFile(filepath.Join(string(folder), name))
		if err != nil {
			return nil, err
		}
		contents = append(contents, content)
	}
	return contents, nil
}

func (folder files) SaveTiles([]tlog.Tile, [][]byte) {}

// Every leaf hash, through tlog's own reader of tiles, which checks each tile against the root; and every bundle
// of entries against the leaf hashes.
func checkLog(one log) error {
	text, err := ioutil.ReadFile(filepath.Join(one.Folder, "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := treeOf(one.Vkey, string(text))
	if err != nil || tree.N == 0 {
		return err
	}
	reader := tlog.TileHashReader(tree, files(one.Folder))
	indexes := make([]int64, tree.N)
	for at := range indexes {
		indexes[at] = tlog.StoredHashIndex(0, int64(at))
	}
	hashes, err := reader.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for at := int64(0); at < tree.N; {
		tile := tlog.TileForIndex(8, tlog.StoredHashIndex(0, at))
		if left := tree.N - at; left < 256 {
			tile.W = int(left)
		} else {
			tile.W = 256
		}
		name := strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)
		content, err := ioutil.ReadFile(filepath.Join(one.Folder, name))
		if err != nil {
			return err
		}
		for ; len(content) > 0; at++ {
			end := 2 + int(content[0])<<8 + int(content[1])
			if tlog.RecordHash(content[2:end]) != hashes[at] {
				return fmt.Errorf("entry %d is another", at)
			}
			content = content[end:]
		}
	}
	whole, err := tlog.TreeHash(tree.N, reader)
	if err == nil && whole != tree.Hash {
		err = fmt.Errorf("another root")
	}
	return err
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func main() {
	var all asked
	if err := json.NewDecoder(os.Stdin).Decode(&all); err != nil {
		panic(err)
	}
	told := map[string][]string{"proofs": {}, "consistencies": {}, "logs": {}}
	for _, one := range all.Proofs {
		told["proofs"] = append(told["proofs"], said(checkProof(one)))
	}
	for _, one := range all.Consistencies {
		told["consistencies"] = append(told["consistencies"], said(checkConsistency(one)))
	}
	for _, one := range all.Logs {
		told["logs"] = append(told["logs"], said(checkLog(one)))
	}
	json.NewEncoder(os.Stdout).Encode(told)
}
