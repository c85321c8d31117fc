// Program names packages of many modules, so that go must download, verify and build them. A few of them are put to use,
// so that what was built also runs.
package main

import (
	"fmt"

	"github.com/BurntSushi/toml"
	"github.com/Masterminds/semver/v3"
	_ "github.com/agext/levenshtein"
	_ "github.com/cenkalti/backoff/v4"
	"github.com/cespare/xxhash/v2"
	_ "github.com/davecgh/go-spew/spew"
	"github.com/dustin/go-humanize"
	_ "github.com/fatih/color"
	_ "github.com/gobwas/glob"
	_ "github.com/gofrs/uuid"
	_ "github.com/golang/snappy"
	_ "github.com/google/btree"
	_ "github.com/google/go-cmp/cmp"
	"github.com/google/shlex"
	_ "github.com/google/uuid"
	_ "github.com/hashicorp/go-multierror"
	_ "github.com/hashicorp/go-version"
	_ "github.com/hashicorp/golang-lru/v2"
	_ "github.com/json-iterator/go"
	_ "github.com/kr/pretty"
	_ "github.com/mattn/go-runewidth"
	_ "github.com/mitchellh/copystructure"
	_ "github.com/mitchellh/go-homedir"
	_ "github.com/mitchellh/mapstructure"
	_ "github.com/oklog/ulid/v2"
	_ "github.com/patrickmn/go-cache"
	_ "github.com/pelletier/go-toml/v2"
	_ "github.com/pkg/errors"
	_ "github.com/pmezard/go-difflib/difflib"
	_ "github.com/robfig/cron/v3"
	_ "github.com/rs/xid"
	_ "github.com/shopspring/decimal"
	_ "github.com/sirupsen/logrus"
	_ "github.com/sony/gobreaker"
	_ "github.com/spaolacci/murmur3"
	_ "github.com/spf13/cobra"
	"github.com/tidwall/sjson"
	_ "github.com/urfave/cli/v2"
	_ "go.uber.org/multierr"
	_ "golang.org/x/exp/constraints"
	_ "golang.org/x/mod/semver"
	_ "golang.org/x/sync/errgroup"
	"golang.org/x/text/language"
	_ "golang.org/x/time/rate"
	_ "gopkg.in/ini.v1"
	"gopkg.in/yaml.v3"
)

func main() {
	var settings struct{ Size uint64 }
	check(toml.Unmarshal([]byte("size = 82854982"), &settings))
	words, err := shlex.Split(`one "two three"`)
	check(err)
	lines, err := yaml.Marshal(words)
	check(err)
	document, err := sjson.Set("{}", "hash", xxhash.Sum64String(string(lines)))
	check(err)
	fmt.Println(humanize.Bytes(settings.Size), semver.MustParse("v1.2").String(), language.BritishEnglish, document)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
