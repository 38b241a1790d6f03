package boltkv_test

import (
	"testing"

	"github.com/millrace/millrace/router/ledger/kv/kvtest"
)

func TestMain(m *testing.M) { kvtest.Main(m, open) }
