package activecampaign_test

import (
	"testing"

	"github.com/millrace/millrace/connectors/activecampaign"
	"github.com/millrace/millrace/connectors/connectortest"
)

func TestSpec(t *testing.T) { connectortest.Spec(t, activecampaign.Connector, ".") }
