// Walks through the container infrastructure API as Terraform's OpenStack provider does, with the same library, and prints
// what it read as one JSON object. Logs in by the OS_* variables. Argument: an image. Ends with 1 and a sentence at the first thing amiss.
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"time"

	"github.com/gophercloud/gophercloud"
	"github.com/gophercloud/gophercloud/openstack"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/certificates"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/clusters"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/clustertemplates"
	"github.com/gophercloud/gophercloud/openstack/containerinfra/v1/quotas"
	"github.com/gophercloud/gophercloud/openstack/identity/v3/projects"
	"github.com/gophercloud/gophercloud/openstack/identity/v3/tokens"
)

// Far above what simulated machines need.
const patience = 90 * time.Second

// What was read, by what it is.
var seen = map[string]interface{}{}

func must(step string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", step, err)
		os.Exit(1)
	}
}

func number(value int) *int { return &value }

func flag(value bool) *bool { return &value }

func connect() (*gophercloud.ServiceClient, *gophercloud.ServiceClient, string) {
	options, err := openstack.AuthOptionsFromEnv()
	must("read the environment", err)
	provider, err := openstack.AuthenticatedClient(options)
	must("log in", err)
	region := gophercloud.EndpointOpts{Region: os.Getenv("OS_REGION_NAME")}
	infra, err := openstack.NewContainerInfraV1(provider, region)
	must("find container-infra in the catalog", err)
	identity, err := openstack.NewIdentityV3(provider, region)
	must("find identity in the catalog", err)
	project, err := tokens.Get(identity, provider.Token()).ExtractProject()
	must("read the token", err)
	return infra, identity, project.ID
}

// Polls as the provider does, until the status is the wanted one.
func waitFor(infra *gophercloud.ServiceClient, id, wanted string) *clusters.Cluster {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		cluster, err := clusters.Get(infra, id).Extract()
		must("show the cluster", err)
		if cluster.Status == wanted {
			return cluster
		}
	}
	must("wait", fmt.Errorf("the cluster is not %s after %s", wanted, patience))
	return nil
}

func waitGone(step string, get func() error) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(300 * time.Millisecond) {
		err := get()
		if _, gone := err.(gophercloud.ErrDefault404); gone {
			return
		}
		must(step, err)
	}
	must(step, fmt.Errorf("still there after %s", patience))
}

func template(infra *gophercloud.ServiceClient, image string) string {
	made, err := clustertemplates.Create(infra, clustertemplates.CreateOpts{
		Name: "go", COE: "swarm", ImageID: image, MasterLBEnabled: flag(true),
		DNSNameServer: "9.9.9.9", ServerType: "vm", Labels: map[string]string{"from": "go"},
		RegistryEnabled: flag(false), TLSDisabled: flag(false), Public: flag(false), FloatingIPEnabled: flag(false),
	}).Extract()
	must("create a template", err)
	_, err = clustertemplates.Update(infra, made.UUID, []clustertemplates.UpdateOptsBuilder{
		clustertemplates.UpdateOpts{Op: clustertemplates.ReplaceOp, Path: "/name", Value: "gopher"},
		clustertemplates.UpdateOpts{Op: clustertemplates.AddOp, Path: "/labels/more", Value: "yes"},
	}).Extract()
	must("update the template", err)
	shown, err := clustertemplates.Get(infra, made.UUID).Extract()
	must("show the template", err)
	seen["template"] = shown

	// One by one, along the links to the next page.
	names := []string{}
	pages, err := clustertemplates.List(infra, clustertemplates.ListOpts{Limit: 1, SortKey: "name"}).AllPages()
	must("list templates", err)
	templates, err := clustertemplates.ExtractClusterTemplates(pages)
	must("read the list of templates", err)
	for _, each := range templates {
		names = append(names, each.Name)
	}
	seen["templates"] = names
	return made.UUID
}

func cluster(infra *gophercloud.ServiceClient, templateID string) string {
	id, err := clusters.Create(infra, clusters.CreateOpts{
		Name: "gopher", ClusterTemplateID: templateID, NodeCount: number(1), MasterCount: number(1),
		Labels: map[string]string{"own": "1"}, MergeLabels: flag(true),
	}).Extract()
	must("create a cluster", err)
	waitFor(infra, id, "CREATE_COMPLETE")
	_, err = clusters.Update(infra, id, []clusters.UpdateOptsBuilder{
		clusters.UpdateOpts{Op: clusters.ReplaceOp, Path: "/node_count", Value: 2},
	}).Extract()
	must("update the cluster", err)
	seen["cluster"] = waitFor(infra, id, "UPDATE_COMPLETE")

	pages, err := clusters.ListDetail(infra, clusters.ListOpts{Limit: 1}).AllPages()
	must("list clusters", err)
	all, err := clusters.ExtractClusters(pages)
	must("read the list of clusters", err)
	names := []string{}
	for _, each := range all {
		names = append(names, each.Name)
	}
	seen["clusters"] = names
	return id
}

// As the provider does for every cluster that it reads: whatever the engine is.
func request() string {
	key, err := rsa.GenerateKey(rand.Reader, 4096)
	must("make a key", err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		SignatureAlgorithm: x509.SHA512WithRSA,
		Subject: pkix.Name{
			CommonName: "admin", Organization: []string{"system:masters"}, OrganizationalUnit: []string{"terraform"},
		},
	}, key)
	must("make a request", err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func certificate(infra *gophercloud.ServiceClient, clusterID string) {
	authority, err := certificates.Get(infra, clusterID).Extract()
	must("show the certificate authority", err)
	signed, err := certificates.Create(infra, certificates.CreateOpts{ClusterUUID: clusterID, CSR: request()}).Extract()
	must("sign", err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(authority.PEM)) {
		must("read the authority", fmt.Errorf("no certificate in %q", authority.PEM))
	}
	block, _ := pem.Decode([]byte(signed.PEM))
	made, err := x509.ParseCertificate(block.Bytes)
	must("read the certificate", err)
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	_, err = made.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: usages})
	must("verify the certificate", err)
	seen["signed for"] = made.Subject.CommonName
}

// The library can make quotas and nothing more.
func quota(infra, identity *gophercloud.ServiceClient) {
	project, err := projects.Create(identity, projects.CreateOpts{Name: "gophers"}).Extract()
	must("create a project", err)
	made, err := quotas.Create(infra, quotas.CreateOpts{ProjectID: project.ID, Resource: "Cluster", HardLimit: 7}).Extract()
	must("create a quota", err)
	seen["quota"] = map[string]interface{}{
		"limit": made.HardLimit, "resource": made.Resource, "of the project": made.ProjectID == project.ID,
	}
}

func main() {
	infra, identity, projectID := connect()
	seen["project"] = projectID
	templateID := template(infra, os.Args[1])
	clusterID := cluster(infra, templateID)
	certificate(infra, clusterID)
	quota(infra, identity)

	must("delete the cluster", clusters.Delete(infra, clusterID).ExtractErr())
	waitGone("wait for the cluster's end", func() error {
		_, err := clusters.Get(infra, clusterID).Extract()
		return err
	})
	must("delete the template", clustertemplates.Delete(infra, templateID).ExtractErr())
	must("print", json.NewEncoder(os.Stdout).Encode(seen))
}
