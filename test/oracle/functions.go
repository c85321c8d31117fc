package main

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
)

// functions are named as in services/gomod.
var functions = map[string]func(a []string) (any, error){
	"semver.isValid":    func(a []string) (any, error) { return semver.IsValid(a[0]), nil },
	"semver.canonical":  func(a []string) (any, error) { return semver.Canonical(a[0]), nil },
	"semver.major":      func(a []string) (any, error) { return semver.Major(a[0]), nil },
	"semver.majorMinor": func(a []string) (any, error) { return semver.MajorMinor(a[0]), nil },
	"semver.prerelease": func(a []string) (any, error) { return semver.Prerelease(a[0]), nil },
	"semver.build":      func(a []string) (any, error) { return semver.Build(a[0]), nil },
	"semver.compare":    func(a []string) (any, error) { return semver.Compare(a[0], a[1]), nil },

	"checkModulePath":    func(a []string) (any, error) { return nil, module.CheckPath(a[0]) },
	"checkImportPath":    func(a []string) (any, error) { return nil, module.CheckImportPath(a[0]) },
	"checkFilePath":      func(a []string) (any, error) { return nil, module.CheckFilePath(a[0]) },
	"splitPathVersion":   splitPathVersion,
	"matchPathMajor":     func(a []string) (any, error) { return module.MatchPathMajor(a[0], a[1]), nil },
	"checkPathMajor":     func(a []string) (any, error) { return nil, module.CheckPathMajor(a[0], a[1]) },
	"checkModuleVersion": func(a []string) (any, error) { return nil, module.Check(a[0], a[1]) },

	"escapePath":      func(a []string) (any, error) { return text(module.EscapePath(a[0])) },
	"unescapePath":    func(a []string) (any, error) { return text(module.UnescapePath(a[0])) },
	"escapeVersion":   func(a []string) (any, error) { return text(module.EscapeVersion(a[0])) },
	"unescapeVersion": func(a []string) (any, error) { return text(module.UnescapeVersion(a[0])) },

	"canonicalVersion": func(a []string) (any, error) { return module.CanonicalVersion(a[0]), nil },
	"compareVersions":  func(a []string) (any, error) { return compareVersions(a[0], a[1]), nil },

	"isPseudoVersion":   func(a []string) (any, error) { return module.IsPseudoVersion(a[0]), nil },
	"pseudoVersion":     pseudoVersion,
	"pseudoVersionTime": pseudoVersionTime,
	"pseudoVersionRev":  func(a []string) (any, error) { return text(module.PseudoVersionRev(a[0])) },
	"pseudoVersionBase": func(a []string) (any, error) { return text(module.PseudoVersionBase(a[0])) },

	"matchPrefixPatterns": func(a []string) (any, error) { return module.MatchPrefixPatterns(a[0], a[1]), nil },

	"hash1":     hash1,
	"hashGoMod": func(a []string) (any, error) { return hash1([]string{"go.mod", a[0]}) },

	"parseModFile": func(a []string) (any, error) { return describe(modfile.Parse("go.mod", []byte(a[0]), nil)) },
	"parseLax":     func(a []string) (any, error) { return describe(modfile.ParseLax("go.mod", []byte(a[0]), nil)) },
	"modulePath":   func(a []string) (any, error) { return modfile.ModulePath([]byte(a[0])), nil },

	"readModuleZip": readModuleZip,

	"unicodeVersion": func(a []string) (any, error) { return unicode.Version, nil },
	"unicode":        describeUnicode,
}

func text(s string, err error) (any, error) {
	return s, err
}

func splitPathVersion(a []string) (any, error) {
	prefix, pathMajor, ok := module.SplitPathVersion(a[0])
	if !ok {
		return nil, fmt.Errorf("not ok")
	}
	return [][]byte{[]byte(prefix), []byte(pathMajor)}, nil
}

// compareVersions derives the order from module.Sort, which keeps no order among equals: only what it must have
// compared shows.
func compareVersions(a, b string) int {
	less := func(x, y string) bool {
		list := []module.Version{{Path: "m", Version: y}, {Path: "m", Version: x}}
		module.Sort(list)
		return list[0].Version == x && x != y
	}
	return cmp.Compare(boolToInt(less(b, a)), boolToInt(less(a, b)))
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// pseudoVersion takes the time as milliseconds since 1970.
func pseudoVersion(a []string) (any, error) {
	ms, err := strconv.ParseInt(a[2], 10, 64)
	if err != nil {
		return nil, err
	}
	return module.PseudoVersion(a[0], a[1], time.UnixMilli(ms), a[3]), nil
}

func pseudoVersionTime(a []string) (any, error) {
	t, err := module.PseudoVersionTime(a[0])
	return t.UnixMilli(), err
}

// hash1 takes names and contents in turn.
func hash1(a []string) (any, error) {
	var names []string
	contents := make(map[string]string)
	for i := 0; i < len(a); i += 2 {
		names = append(names, a[i])
		contents[a[i]] = a[i+1]
	}
	return text(dirhash.Hash1(names, func(name string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader([]byte(contents[name]))), nil
	}))
}

// readModuleZip takes a module path, a version and a file name. It answers the h1 hash of a zip that CheckZip accepts
// and whose files can be read.
func readModuleZip(a []string) (any, error) {
	if _, err := zip.CheckZip(module.Version{Path: a[0], Version: a[1]}, a[2]); err != nil {
		return nil, err
	}
	return text(dirhash.HashZip(a[2], dirhash.Hash1))
}

// describeUnicode answers for each code point a number: bit 0 whether it is a letter, bit 1 whether it is printable,
// bit 2 whether it is a space, and above them the least code point that it folds with.
func describeUnicode(a []string) (any, error) {
	all := make([]int, unicode.MaxRune+1)
	for r := range all {
		least := rune(r)
		for next := unicode.SimpleFold(least); next != rune(r); next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		least = min(least, rune(r))
		all[r] = int(least)<<3 | boolToInt(unicode.IsLetter(rune(r))) | boolToInt(unicode.IsPrint(rune(r)))<<1 |
			boolToInt(unicode.IsSpace(rune(r)))<<2
	}
	return all, nil
}
