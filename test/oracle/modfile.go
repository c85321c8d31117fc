package main

import (
	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// file is a modfile.File in the shape of ModFile in services/gomod/modfile.ts.
type file struct {
	Module    *moduleLine `json:"module"`
	Go        []byte      `json:"go"`
	Toolchain []byte      `json:"toolchain"`
	Godebug   []godebug   `json:"godebug"`
	Require   []require   `json:"require"`
	Exclude   []version   `json:"exclude"`
	Replace   []replace   `json:"replace"`
	Retract   []retract   `json:"retract"`
	Tool      [][]byte    `json:"tool"`
	Ignore    [][]byte    `json:"ignore"`
}

type moduleLine struct {
	Path       []byte `json:"path"`
	Deprecated []byte `json:"deprecated"`
}

type godebug struct {
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
}

type version struct {
	Path    []byte `json:"path"`
	Version []byte `json:"version"`
}

type require struct {
	version
	Indirect bool `json:"indirect"`
}

type replace struct {
	Old version `json:"old"`
	New version `json:"new"`
}

type retract struct {
	Low       []byte `json:"low"`
	High      []byte `json:"high"`
	Rationale []byte `json:"rationale"`
}

func describe(f *modfile.File, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	out := file{
		Godebug: []godebug{}, Require: []require{}, Exclude: []version{}, Replace: []replace{}, Retract: []retract{},
		Tool: [][]byte{}, Ignore: [][]byte{},
	}
	if f.Module != nil {
		out.Module = &moduleLine{[]byte(f.Module.Mod.Path), []byte(f.Module.Deprecated)}
	}
	if f.Go != nil {
		out.Go = []byte(f.Go.Version)
	}
	if f.Toolchain != nil {
		out.Toolchain = []byte(f.Toolchain.Name)
	}
	for _, g := range f.Godebug {
		out.Godebug = append(out.Godebug, godebug{[]byte(g.Key), []byte(g.Value)})
	}
	for _, r := range f.Require {
		out.Require = append(out.Require, require{describeVersion(r.Mod), r.Indirect})
	}
	for _, e := range f.Exclude {
		out.Exclude = append(out.Exclude, describeVersion(e.Mod))
	}
	for _, r := range f.Replace {
		out.Replace = append(out.Replace, replace{describeVersion(r.Old), describeVersion(r.New)})
	}
	for _, r := range f.Retract {
		out.Retract = append(out.Retract, retract{[]byte(r.Low), []byte(r.High), []byte(r.Rationale)})
	}
	for _, t := range f.Tool {
		out.Tool = append(out.Tool, []byte(t.Path))
	}
	for _, i := range f.Ignore {
		out.Ignore = append(out.Ignore, []byte(i.Path))
	}
	return out, nil
}

func describeVersion(m module.Version) version {
	return version{[]byte(m.Path), []byte(m.Version)}
}
