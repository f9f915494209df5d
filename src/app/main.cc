#include <string>
#include <string_view>

#include "adapters/curl/curl_client.h"
#include "adapters/llama/quantize_main.h"
#include "adapters/llama/runner_main.h"
#include "app/config.h"
#include "app/parse/parse_main.h"
#include "app/serve.h"
#include "app/version.h"
#include "cli/cli.h"

namespace {

using moat::app::Environment;

int run_command(int argc, char** argv) {
    const Environment environment = moat::app::process_environment();
    const auto setting = [&environment](const char* own, const char* ollamas) {
        return environment(own).value_or(environment(ollamas).value_or(""));
    };
    moat::adapters::CurlClient http({
        .base_url = moat::cli::server_url(setting("MOAT_HOST", "OLLAMA_HOST")),
        .api_key = setting("MOAT_API_KEY", "OLLAMA_API_KEY"),
        .ca_file = setting("MOAT_CA_FILE", "SSL_CERT_FILE"),
    });
    const moat::cli::Program program{
        .version = std::string(moat::app::kVersion),
        .ollama_version = std::string(moat::app::kOllamaVersion),
        .serve = moat::app::serve,
    };
    return moat::cli::run(argc, argv, program, http, moat::cli::Console::of_this_process());
}

}  // namespace

// One binary: the server's children are itself with another first word.
int main(int argc, char** argv) {
    const std::string_view command = argc > 1 ? argv[1] : "";
    if (command == "runner") return moat::adapters::llama::runner_main(argc - 1, argv + 1);
    if (command == "quantize") return moat::adapters::llama::quantize_main(argc - 1, argv + 1);
    if (command == "parse") return moat::app::parse_main(argc - 1, argv + 1);
    return run_command(argc, argv);
}
