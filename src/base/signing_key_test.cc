#include "base/signing_key.h"

#include <algorithm>
#include <sys/stat.h>

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/temp_dir.h"

namespace moat {
namespace {

// Made by ssh-keygen (OpenSSH 9.2) for this test, and used nowhere else.
constexpr std::string_view kOpenSsh =
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
    "QyNTUxOQAAACA8SpUDif3tsH2N42/2cl/5vVS0QYyXa3nYCMQpz55/XgAAAIgg4cYeIOHG\n"
    "HgAAAAtzc2gtZWQyNTUxOQAAACA8SpUDif3tsH2N42/2cl/5vVS0QYyXa3nYCMQpz55/Xg\n"
    "AAAECCI/vxgK5VjSCuNgheLeFBQ2hfggEJg4skVaTYCSHngjxKlQOJ/e2wfY3jb/ZyX/m9\n"
    "VLRBjJdredgIxCnPnn9eAAAABHRlc3QB\n"
    "-----END OPENSSH PRIVATE KEY-----\n";

TEST(SigningKeyTest, SignsAsTheFirstExampleOfRfc8032) {
    SigningKey::Seed seed{};
    std::ranges::copy(
        *from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"), seed.begin()
    );
    EXPECT_EQ(
        to_hex(SigningKey::of_seed(seed).sign({})),
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
        "f9b46bd25bf5f0595bbe24655141438e7a100b"
    );
}

TEST(SigningKeyTest, ReadsWhatSshKeygenWrote) {
    const auto key = SigningKey::parse(kOpenSsh);
    ASSERT_TRUE(key);
    EXPECT_EQ(
        key->public_key(), "AAAAC3NzaC1lZDI1NTE5AAAAIDxKlQOJ/e2wfY3jb/ZyX/m9VLRBjJdredgIxCnPnn9e"
    );
    // By Python's cryptography 48 with the same file.
    EXPECT_EQ(
        to_hex(key->sign(bytes_of("GET,https://registry.example/token"))),
        "699f64aa48b29562088f5fb8c03f08d45e42394468be8b9fbaed438a0d783c6b3f210e1144a96faff40d83de7d"
        "3b37e6a36904ab233b5eabb85dbfb86de52a03"
    );
}

TEST(SigningKeyTest, ReadsWhatItWrites) {
    const SigningKey key = SigningKey::generate();
    const auto again = SigningKey::parse(key.openssh_text());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->public_key(), key.public_key());
    EXPECT_EQ(again->sign(bytes_of("x")), key.sign(bytes_of("x")));
}

TEST(SigningKeyTest, RefusesWhatIsCutOrChanged) {
    const std::string text(kOpenSsh);
    for (std::size_t cut = 0; cut + 40 < text.size(); cut += 7)
        EXPECT_FALSE(SigningKey::parse(text.substr(0, cut) + "\n-----END OPENSSH PRIVATE KEY-----"))
            << cut;
    EXPECT_EQ(SigningKey::parse("").error().code, ErrorCode::corrupt);
}

TEST(SigningKeyTest, IsMadeOnceForItsOwnerOnly) {
    const TempDir dir;
    const auto path = dir.path() / "keys" / "id_ed25519";
    const auto made = SigningKey::open_or_make(path);
    ASSERT_TRUE(made) << made.error().message;
    const auto again = SigningKey::open_or_make(path);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->public_key(), made->public_key());
    EXPECT_EQ(
        *read_file(dir.path() / "keys" / "id_ed25519.pub"),
        "ssh-ed25519 " + made->public_key() + "\n"
    );
    struct stat info{};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

}  // namespace
}  // namespace moat
